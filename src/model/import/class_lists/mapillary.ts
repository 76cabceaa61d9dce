/** Mapillary Vistas 1.2: 65 classes, and what is none of them. Name, red, green, blue by index. */
export const MAPILLARY = `
  bird 165,42,42; ground_animal 0,192,0; curb 196,196,196; fence 190,153,153; guard_rail 180,165,180;
  barrier 90,120,150; wall 102,102,156; bike_lane 128,64,255; crosswalk_plain 140,140,200; curb_cut 170,170,170;
  parking 250,170,160; pedestrian_area 96,96,96; rail_track 230,150,140; road 128,64,128; service_lane 110,110,110;
  sidewalk 244,35,232; bridge 150,100,100; building 70,70,70; tunnel 150,120,90; person 220,20,60; bicyclist 255,0,0;
  motorcyclist 255,0,100; other_rider 255,0,200; lane_marking_crosswalk 200,128,128; lane_marking_general 255,255,255;
  mountain 64,170,64; sand 230,160,50; sky 70,130,180; snow 190,255,255; terrain 152,251,152; vegetation 107,142,35;
  water 0,170,30; banner 255,255,128; bench 250,0,30; bike_rack 100,140,180; billboard 220,220,220;
  catch_basin 220,128,128; cctv_camera 222,40,40; fire_hydrant 100,170,30; junction_box 40,40,40; mailbox 33,33,33;
  manhole 100,128,160; phone_booth 142,0,0; pothole 70,100,150; street_light 210,170,100; pole 153,153,153;
  traffic_sign_frame 128,128,128; utility_pole 0,0,80; traffic_light 250,170,30; traffic_sign_back 192,192,192;
  traffic_sign_front 220,220,0; trash_can 140,140,20; bicycle 119,11,32; boat 150,0,255; bus 0,60,100; car 0,0,142;
  caravan 0,0,90; motorcycle 0,0,230; on_rails 0,80,100; other_vehicle 128,64,64; trailer 0,0,110; truck 0,0,70;
  wheeled_slow 0,0,192; car_mount 32,32,32; ego_vehicle 120,10,10; unlabeled 0,0,0`;
